"""`windsock mqtt`: takes what devices publish to an MQTT broker, and acknowledges it once it is stored."""
