"""What backends ask of the gateways over HTTP, in the shapes of Centrifugo's server API."""
