"""Ways: paths on one map, travel between maps, the ground that was seen, the direction of the goal."""
