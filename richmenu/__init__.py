"""Rich menus: as data, drawn, chosen for a person, published to LINE and linked."""
