"""Finding the way: paths on one map, travel between maps, the ground seen so far, the direction of the goal."""
