"""The API as data: OpenAPI 3.1 for what is asked over HTTP, AsyncAPI 3.0 for the sockets.

A module describes one area; `document` puts them together. It lives beside the rooms because each of them serves a
part of the one origin and none may import another; a test compares it with the routes that the rooms have.
"""
