"""What devices send, in the forms that the world speaks: a module for each, pure, from a request to readings."""
