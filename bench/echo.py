"""The peer of the webhook bench: an echo bot on Flask and the SDK, built the way the SDK's README shows."""

from __future__ import annotations

import os

from flask import Flask, abort, request
from linebot.v3 import WebhookHandler
from linebot.v3.exceptions import InvalidSignatureError
from linebot.v3.messaging import ApiClient, Configuration, MessagingApi, ReplyMessageRequest, TextMessage
from linebot.v3.webhooks import MessageEvent, TextMessageContent


def create_app() -> Flask:
    """The echo bot, for `ECHO_SECRET`, `ECHO_TOKEN` and the platform at `LINE_API_URL`."""
    app = Flask("echo")
    configuration = Configuration(access_token=os.environ["ECHO_TOKEN"], host=os.environ["LINE_API_URL"])
    handler = WebhookHandler(os.environ["ECHO_SECRET"])

    @app.route("/callback", methods=["POST"])
    def callback() -> str:
        signature = request.headers["X-Line-Signature"]
        body = request.get_data(as_text=True)
        app.logger.info("Request body: %s", body)
        try:
            handler.handle(body, signature)
        except InvalidSignatureError:
            abort(400)
        return "OK"

    @handler.add(MessageEvent, message=TextMessageContent)
    def echo(event: MessageEvent) -> None:
        with ApiClient(configuration) as client:
            said = [TextMessage(text=event.message.text)]
            request = ReplyMessageRequest(reply_token=event.reply_token, messages=said)
            MessagingApi(client).reply_message_with_http_info(request)

    return app
