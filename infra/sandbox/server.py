import socket
from dataclasses import replace
from pathlib import Path

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from infra.sandbox.rails import discover
from infra.sandbox.world import World


class KeepAliveHandler(WSGIRequestHandler):
    """Connections stay open between requests, as they do at the rails; requests are not logged."""

    protocol_version = "HTTP/1.1"
    timeout = 75

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        del code, size


def create_app(world: World) -> Flask:
    app = Flask("sandbox", static_folder=None, template_folder=str(Path(__file__).with_name("templates")))
    app.config["MAX_CONTENT_LENGTH"] = 1 << 20
    rails = discover()
    for name, rail in rails.items():
        app.register_blueprint(rail.blueprint(replace(world, state_dir=world.state_dir / name)))
    app.add_url_rule("/healthz", view_func=lambda: {"status": "ok", "rails": list(rails)})
    return app


def bind(world: World, listener: socket.socket) -> BaseWSGIServer:
    host, port = listener.getsockname()[:2]
    return make_server(
        host,
        port,
        create_app(world),
        threaded=True,
        request_handler=KeepAliveHandler,
        fd=listener.fileno(),
    )
