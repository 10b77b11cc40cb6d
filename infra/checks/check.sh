#!/bin/sh
# Lint the templates: as they stand, and the root as CloudFormation gets it. Every exception says why, in
# infra/checks/checkov.yaml or in the resource's metadata.
set -eu
cd "$(dirname "$0")/../.."
checks=.local/checks/bin
expanded=.local/checks/expanded
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-us-east-1}"

"$checks/cfn-lint" template.yaml infra/stacks/*.yaml
rm -rf "$expanded"
.venv/bin/python -m infra.checks.expand "$expanded"
# W2001: what only the transform reads is used by nobody after it.
"$checks/cfn-lint" --ignore-checks W2001 -- "$expanded/everything.json"
set -- "$expanded/everything.json"
for stack in infra/stacks/*.yaml; do set -- "$@" "$stack"; done
"$checks/checkov" --config-file infra/checks/checkov.yaml --file "$@"
