"""`windsock demo`: made-up devices that post and take commands like real ones, so that there is something to see."""
