"""What strangers may cost: the server around the program, started as operators start it."""
