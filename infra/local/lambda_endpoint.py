"""Functions that run elsewhere, called as AWS Lambda's API calls them."""

import json
from typing import Any

from infra.local.environments import FunctionFailed
from infra.local.template import Function

ENDPOINT = "AWS_ENDPOINT_URL_LAMBDA"
"""The AWS SDKs' own name for where Lambda is, if it is not AWS's."""

LONGEST_SECONDS = 15 * 60  # as long as Lambda lets anything run


class LambdaEndpoint:
    """Calls functions by the names that they have in the template, and waits for their answers."""

    def __init__(self) -> None:
        import boto3
        from botocore.config import Config

        patient = Config(read_timeout=LONGEST_SECONDS, retries={"max_attempts": 0}, max_pool_connections=32)
        self._client = boto3.client("lambda", config=patient)

    def invoke(self, function: Function, event: dict[str, Any]) -> Any:
        """What the function returned. Raises FunctionFailed, also when nobody could be asked."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self._client.invoke(FunctionName=function.name, Payload=json.dumps(event).encode())
            result = json.loads(answer["Payload"].read() or b"null")
        except (BotoCoreError, ClientError, ValueError) as error:
            raise FunctionFailed(f"{function.name}: {error!r}") from error
        if "FunctionError" in answer:
            raise FunctionFailed(f"{function.name} raised {result.get('errorType')}")
        return result
