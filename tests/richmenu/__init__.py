"""Rich menus."""
