"""What `infra/stacks` promise: off unless asked for, closed to the world, under one key, hard to lose."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.server import ROOT
from infra.local.template import load_document

STACKS = ROOT / "infra" / "stacks"
ROOT_TEMPLATE = load_document(ROOT / "template.yaml")
KEY, NETWORK, DATA, STREAMING = (
    load_document(STACKS / f"{name}.yaml") for name in ("key", "network", "data", "streaming")
)
NESTED = {"Key": KEY, "Network": NETWORK, "Data": DATA, "Streaming": STREAMING}
MADE_KEY = {"Fn::If": ["MakesKey", {"Fn::GetAtt": ["Key", "Outputs.Arn"]}, {"Ref": "AWS::NoValue"}]}
KEPT = {"Fn::If": ["KeepsData", True, False]}
GROUP, INGRESS, EGRESS = (f"AWS::EC2::SecurityGroup{part}" for part in ("", "Ingress", "Egress"))


def resources(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: r["Properties"] for name, r in template["Resources"].items() if r["Type"] == kind}


def found(value: Any, key: str) -> Iterator[Any]:
    """Every value that stands under `key`, however deep."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield inner
            yield from found(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from found(inner, key)


# ---------------------------------------------------------------- what is made, and when


def test_nothing_is_made_unless_it_is_asked_for() -> None:
    parameters = ROOT_TEMPLATE["Parameters"]
    assert parameters["CreateNetwork"]["Default"] == parameters["CreateKey"]["Default"] == "no"
    assert {parameters[f"Create{what}"]["Default"] for what in ("Database", "Redis", "Kafka")} == {"none"}
    for name in NESTED:
        assert ROOT_TEMPLATE["Resources"][name]["Condition"] == f"Makes{name.replace('Streaming', 'Kafka')}"
    assert ROOT_TEMPLATE["Conditions"]["MakesNetwork"] == {"Fn::Equals": [{"Ref": "CreateNetwork"}, "yes"]}


@pytest.mark.parametrize("name", NESTED)
def test_a_stack_is_given_what_it_asks_for_and_gives_what_is_asked_of_it(name: str) -> None:
    nested = ROOT_TEMPLATE["Resources"][name]
    assert nested["Type"] == "AWS::CloudFormation::Stack"
    assert load_document(ROOT / nested["Properties"]["TemplateURL"]) == NESTED[name]
    assert set(nested["Properties"].get("Parameters", {})) == set(NESTED[name].get("Parameters", {}))
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert set(re.findall(rf"\b{name}\.Outputs\.(\w+)", text)) <= set(NESTED[name]["Outputs"])


def test_what_is_made_can_be_reached_and_what_is_brought_stays_as_it_was() -> None:
    variables = ROOT_TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    nothing = {"Ref": "AWS::NoValue"}
    for name in ("DATABASE_URL", "DATABASE_AUTH"):
        assert variables[name]["Fn::If"][0] == "MakesDatabase"
        assert variables[name]["Fn::If"][2] == nothing
    assert variables["REDIS_URL"]["Fn::If"][:2] == ["HasRedis", {"Ref": "RedisUrl"}]
    assert variables["KAFKA_SASL_MECHANISM"] == {"Fn::If": ["MakesKafka", "AWS_MSK_IAM", nothing]}
    assert ":@" not in str(DATA["Outputs"]), "a password"


def test_nothing_is_migrated_before_kafkas_address_is_known() -> None:
    """CloudFormation does not tell it: a first deployment would fail over settings that nobody can give yet."""
    phase = ROOT_TEMPLATE["Resources"]["Migration"]["Properties"]["Phase"]
    assert phase == {"Fn::If": ["MayStart", "pre", "none"]}
    url, kafka = ROOT_TEMPLATE["Conditions"]["MayStart"]["Fn::And"]
    assert url == {"Condition": "HasPublicBaseUrl"}
    assert kafka == {"Fn::Or": [{"Fn::Not": [{"Condition": "MakesKafka"}]}, {"Condition": "HasKafka"}]}


def test_data_is_made_only_in_a_network() -> None:
    rule = ROOT_TEMPLATE["Rules"]["DataHasANetwork"]
    asked = {one["Fn::Not"][0]["Fn::Equals"][0]["Ref"] for one in rule["RuleCondition"]["Fn::Or"]}
    assert asked == {"CreateDatabase", "CreateRedis", "CreateKafka"}


@pytest.mark.parametrize("template", [ROOT_TEMPLATE, *NESTED.values()])
def test_no_output_is_called_as_a_parameter_is(template: dict[str, Any]) -> None:
    """`sam build` would put the parameter's value in its place, and fails over a list."""
    assert not set(template["Outputs"]) & set(template.get("Parameters", {}))


# ---------------------------------------------------------------- who may talk to whom


def rules(template: dict[str, Any], direction: str) -> Iterator[dict[str, Any]]:
    kind = {"Ingress": INGRESS, "Egress": EGRESS}[direction]
    for group in resources(template, GROUP).values():
        yield from group.get(f"SecurityGroup{direction}", [])
    yield from resources(template, kind).values()


@pytest.mark.parametrize("name", NESTED)
def test_only_groups_that_are_named_come_in_on_one_port(name: str) -> None:
    for rule in rules(NESTED[name], "Ingress"):
        assert "CidrIp" not in rule
        assert "CidrIpv6" not in rule
        assert set(rule) >= {"SourceSecurityGroupId", "FromPort", "ToPort", "Description"}
        assert rule["FromPort"] == rule["ToPort"]


@pytest.mark.parametrize("name", NESTED)
def test_only_functions_reach_the_world_and_only_by_https(name: str) -> None:
    to_the_world = [rule for rule in rules(NESTED[name], "Egress") if rule.get("CidrIp") == "0.0.0.0/0"]
    assert [(rule["FromPort"], rule["ToPort"]) for rule in to_the_world] == (
        [(443, 443)] if name == "Network" else []
    )
    for group, properties in resources(NESTED[name], GROUP).items():
        assert properties["SecurityGroupEgress"], f"{group}: no list, or an empty one, means everything"


@pytest.mark.parametrize(
    ("template", "group", "port"),
    [
        (NETWORK, "EndpointsSecurityGroup", 443),
        (DATA, "DatabaseSecurityGroup", 5432),
        (DATA, "ProxySecurityGroup", 5432),
        (DATA, "RedisSecurityGroup", 6379),
        (STREAMING, "KafkaSecurityGroup", 9098),
    ],
)
def test_functions_and_what_they_talk_to_name_each_other(template: dict[str, Any], group: str, port: int) -> None:
    functions = {"Ref": "FunctionsSecurityGroup" if template is NETWORK else "FunctionsSecurityGroupId"}
    own = template["Resources"][group]["Properties"].get("SecurityGroupIngress", [])
    more = [rule for rule in resources(template, INGRESS).values() if rule["GroupId"] == {"Ref": group}]
    assert (functions, port) in [(rule["SourceSecurityGroupId"], rule["ToPort"]) for rule in [*own, *more]]
    outward = [rule for rule in resources(template, EGRESS).values() if rule["GroupId"] == functions]
    assert ({"Ref": group}, port) in [(rule["DestinationSecurityGroupId"], rule["ToPort"]) for rule in outward]


def test_no_database_has_a_public_address() -> None:
    instances = resources(DATA, "AWS::RDS::DBInstance")
    assert len(instances) == 3
    assert all(instance["PubliclyAccessible"] is False for instance in instances.values())
    assert not list(found(NETWORK, "MapPublicIpOnLaunch"))


def test_only_nat_stands_where_the_internet_leads() -> None:
    routed = [
        route["RouteTableId"] for route in resources(NETWORK, "AWS::EC2::Route").values() if "GatewayId" in route
    ]
    assert routed == [{"Ref": "PublicRouteTable"}]
    public = {
        association["SubnetId"]["Ref"]
        for association in resources(NETWORK, "AWS::EC2::SubnetRouteTableAssociation").values()
        if association["RouteTableId"] == {"Ref": "PublicRouteTable"}
    }
    nats = resources(NETWORK, "AWS::EC2::NatGateway").values()
    assert public == {nat["SubnetId"]["Ref"] for nat in nats}
    assert not public & {ref["Ref"] for ref in _private_subnets()}


def _private_subnets() -> list[dict[str, str]]:
    a, b, c = NETWORK["Outputs"]["SubnetIds"]["Value"]["Fn::Join"][1]
    assert c["Fn::If"][::2] == ["HasThreeZones", {"Ref": "AWS::NoValue"}]
    return [a, b, c["Fn::If"][1]]


def test_subnets_stand_in_zones_of_their_own_and_do_not_overlap() -> None:
    subnets = resources(NETWORK, "AWS::EC2::Subnet")
    assert len({str(subnet["CidrBlock"]) for subnet in subnets.values()}) == len(subnets) == 6
    zones = [str(subnets[ref["Ref"]]["AvailabilityZone"]) for ref in _private_subnets()]
    assert len(set(zones)) == 3


@pytest.mark.parametrize("service", ["secretsmanager", "sqs", "kms", "logs", "monitoring", "s3"])
def test_the_services_that_functions_call_are_reached_inside(service: str) -> None:
    (endpoint,) = (
        properties
        for properties in resources(NETWORK, "AWS::EC2::VPCEndpoint").values()
        if properties["ServiceName"] == {"Fn::Sub": "com.amazonaws.${AWS::Region}." + service}
    )
    statements = endpoint["PolicyDocument"]["Statement"]
    others = [statement for statement in statements if "AWS::AccountId" not in str(statement)]
    if service == "s3":  # where CloudFormation waits for the migration's answer
        (answers,) = others
        assert answers["Action"] == "s3:PutObject"
        assert ":::cloudformation-custom-resource-response-${Region}/*" in answers["Resource"]["Fn::Sub"][0]
    else:
        assert others == [], "nobody else's secrets and queues"
    if service != "s3":
        assert endpoint["PrivateDnsEnabled"] is True
        assert endpoint["SecurityGroupIds"] == [{"Ref": "EndpointsSecurityGroup"}]


# ---------------------------------------------------------------- one key, TLS, IAM


def test_one_key_encrypts_all_that_is_kept() -> None:
    made = resources(ROOT_TEMPLATE, "AWS::SQS::Queue").values()
    assert all(queue["KmsMasterKeyId"] == MADE_KEY for queue in made)
    logs = resources(ROOT_TEMPLATE, "AWS::Logs::LogGroup")
    assert len(logs) > 20
    assert all(group["KmsKeyId"] == MADE_KEY for group in logs.values())
    (bucket,) = resources(ROOT_TEMPLATE, "AWS::S3::Bucket").values()
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    condition, by_key, _ = encryption["Fn::If"]
    assert condition == "MakesKey"
    assert by_key["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Fn::GetAtt": ["Key", "Outputs.Arn"]}
    stores = {**resources(DATA, "AWS::RDS::DBCluster"), **resources(DATA, "AWS::ElastiCache::ReplicationGroup")}
    stores["DatabaseInstance"] = DATA["Resources"]["DatabaseInstance"]["Properties"]
    assert len(stores) == 3
    for name, store in stores.items():
        assert store["KmsKeyId"] == {"Ref": "KeyArn"}, name
        assert store.get("StorageEncrypted", store.get("AtRestEncryptionEnabled")) is True, name
    assert list(found(DATA, "MasterUserSecret")) == [{"KmsKeyId": {"Ref": "KeyArn"}}] * 2
    logs = [*resources(NETWORK, "AWS::Logs::LogGroup").values(), *resources(DATA, "AWS::Logs::LogGroup").values()]
    assert [log["KmsKeyId"]["Fn::If"][1] for log in logs] == [{"Ref": "KeyArn"}] * 3


def test_data_never_lacks_a_key_of_its_owners() -> None:
    given = ROOT_TEMPLATE["Resources"]["Data"]["Properties"]["Parameters"]["KeyArn"]
    assert given == {"Fn::If": ["MakesKey", {"Fn::GetAtt": ["Key", "Outputs.Arn"]}, {"Ref": "SecretsKeyArn"}]}
    without_own = {"Fn::And": [{"Condition": "MakesData"}, {"Fn::Not": [{"Condition": "HasSecretsKey"}]}]}
    assert without_own in ROOT_TEMPLATE["Conditions"]["MakesKey"]["Fn::Or"]


def test_the_key_turns_outlives_the_stack_and_serves_this_account_alone() -> None:
    key = KEY["Resources"]["Key"]
    assert (key["DeletionPolicy"], key["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert key["Properties"]["EnableKeyRotation"] is True
    for statement in key["Properties"]["KeyPolicy"]["Statement"]:
        assert "AWS::AccountId" in str(statement)
        if "root" not in str(statement["Principal"]):
            assert "kms:*" not in statement["Action"]
            assert statement["Condition"]


def test_without_tls_nobody_gets_in() -> None:
    for kind in ("AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup"):
        (group,) = resources(DATA, kind).values()
        assert group["Parameters"]["rds.force_ssl"] == "1"
    (proxy,) = resources(DATA, "AWS::RDS::DBProxy").values()
    assert proxy["RequireTLS"] is True
    (valkey,) = resources(DATA, "AWS::ElastiCache::ReplicationGroup").values()
    assert (valkey["TransitEncryptionEnabled"], valkey["TransitEncryptionMode"]) == (True, "required")
    urls = [text for name in ("DatabaseUrl", "OwnerUrl", "RedisUrl") for text in texts(DATA["Outputs"][name])]
    assert [url for url in urls if "://" in url and not re.search("^rediss:|sslmode=verify-full", url)] == []


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def test_nobody_has_a_password_but_rds_itself() -> None:
    assert not list(found(NESTED, "MasterUserPassword"))
    assert not list(found(NESTED, "AuthToken"))
    assert list(found(DATA, "ManageMasterUserPassword")) == [True, True]
    assert list(found(DATA, "EnableIAMDatabaseAuthentication")) == [True, True]
    assert list(found(DATA, "DefaultAuthScheme")) == ["IAM_AUTH"]
    (user,) = resources(DATA, "AWS::ElastiCache::User").values()
    assert user["AuthenticationMode"] == {"Type": "iam"}
    assert user["UserId"] == user["UserName"], "ElastiCache wants that of users who come by IAM"
    (cluster,) = resources(STREAMING, "AWS::MSK::ServerlessCluster").values()
    assert cluster["ClientAuthentication"] == {"Sasl": {"Iam": {"Enabled": True}}}


@pytest.mark.parametrize(
    ("policy", "role"),
    [("PrepareDatabase", "Migrate"), ("MakeTopics", "Migrate"), ("PublishEvents", "RelayEvents")],
)
def test_what_one_function_needs_only_that_one_has(policy: str, role: str) -> None:
    resource = ROOT_TEMPLATE["Resources"][policy]
    assert resource["Condition"] in ("MakesDatabase", "MakesKafka")
    assert resource["Properties"]["Roles"] == [{"Ref": f"{role}FunctionRole"}]


def test_functions_are_the_applications_role_and_only_migrate_is_the_owner() -> None:
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    assert re.findall(r"Outputs\.Database(?:User|Owner)Arn\}/(\w+)", text) == ["paygate", "paygate_owner"]


# ---------------------------------------------------------------- hard to lose


@pytest.mark.parametrize("name", ["DatabaseInstance", "AuroraCluster"])
def test_what_is_kept_is_hard_to_delete_and_can_be_taken_back(name: str) -> None:
    store = DATA["Resources"][name]
    assert (store["DeletionPolicy"], store["UpdateReplacePolicy"]) == ("Snapshot", "Snapshot")
    assert store["Properties"]["DeletionProtection"] == KEPT
    assert store["Properties"]["BackupRetentionPeriod"] == {"Fn::If": ["KeepsData", 35, 1]}
    assert store["Properties"]["DeleteAutomatedBackups"] == {"Fn::If": ["KeepsData", False, True]}


def test_data_is_kept_unless_somebody_says_otherwise_and_prod_never_does() -> None:
    assert ROOT_TEMPLATE["Parameters"]["KeepData"]["Default"] == "yes"
    assert DATA["Conditions"]["KeepsData"] == {"Fn::Equals": [{"Ref": "KeepData"}, "yes"]}
    _, _, prod = (ROOT / "samconfig.toml").read_text(encoding="utf-8").partition("[prod.deploy.parameters]")
    assert '"KeepData=yes"' in prod


def test_no_arn_names_a_partition() -> None:
    for path in STACKS.glob("*.yaml"):
        assert not re.search(r"arn:aws|amazonaws\.com\.cn", path.read_text(encoding="utf-8")), path
