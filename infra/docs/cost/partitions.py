"""What AWS's partitions lack of what the templates use, each with the page that says so."""

_CHINA = "https://docs.amazonaws.cn/en_us/aws/latest/userguide"
_GOVCLOUD = "https://docs.aws.amazon.com/govcloud-us/latest/UserGuide"
_MSK = "https://docs.aws.amazon.com/msk/latest/developerguide/serverless.html"

PARTITIONS = (
    (
        "`aws-cn`",
        f"[API Gateway]({_CHINA}/api-gateway.html) serves callers who are no AWS users only with an ICP licence",
        "neither shops nor rails can call without one; a domain needs one too",
    ),
    (
        "`aws-cn`",
        f"[X-Ray does not work with Lambda]({_CHINA}/lambda.html)",
        "`Tracing: Active` and `TracingEnabled` must go from the template",
    ),
    ("`aws-cn`", f"[SnapStart is not there for Python]({_CHINA}/lambda.html)", "leave it off, as it is by default"),
    (
        "`aws-cn`",
        f"[MSK Serverless]({_MSK}) is in no region of China",
        "`CreateKafka=none` and a Kafka of yours",
    ),
    (
        "`aws-cn`",
        f"[KMS]({_CHINA}/kms.html) encrypts with SM4; whether it makes `ECC_SECG_P256K1` keys must be looked up",
        "refunds on chains are signed elsewhere, as they are by default",
    ),
    ("`aws-cn`", "nodes of most chains and providers are out of reach from inside", "crypto belongs elsewhere"),
    (
        "`aws-us-gov`",
        f"[SnapStart is not there for Python, nor are Lambda's own JSON logs]({_GOVCLOUD}/govcloud-lambda.html)",
        "neither is used by default: functions write their JSON themselves",
    ),
    (
        "`aws-us-gov`",
        f"[MSK Serverless]({_MSK}) is not in GovCloud",
        "`CreateKafka=none` and a Kafka of yours",
    ),
    (
        "`aws-us-gov`",
        f"EventBridge Scheduler: [older pages]({_GOVCLOUD}/govcloud-eventbridge.html) say that it is missing",
        "every schedule of the template needs it: look first",
    ),
)
