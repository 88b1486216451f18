"""Rules of menus and texts: the cursor, the pack, shops, questions."""
