"""The bucket for uploads and the queue that it tells of them, as `template.yaml` has them."""

from infra.local.servers.aws import Aws

PREFIX = "statements/"
VISIBILITY_SECONDS = 60  # on AWS an import may take longer than anybody waits here


def make_inbox(aws: Aws, name: str) -> str:
    """A bucket and a queue of that name; returns the queue's address."""
    sqs, s3 = aws.client("sqs"), aws.client("s3")
    attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    s3.create_bucket(Bucket=name)
    told = {
        "QueueArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": PREFIX}]}},
    }
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={"QueueConfigurations": [told]})
    return url
