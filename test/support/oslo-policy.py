"""Answers as oslo.policy does: a policy a line on standard input, and what it says of it a line on standard output."""
import json
import logging
import sys

from oslo_config import cfg
from oslo_policy import _parser
from oslo_policy import policy


class Heard(logging.Handler):
    """Whether oslo.policy complained of what it read."""

    complaints = 0

    def emit(self, record):
        self.complaints += 1


heard = Heard(logging.ERROR)
logging.getLogger('oslo_policy').addHandler(heard)
logging.getLogger('oslo_policy').propagate = False
logging.raiseExceptions = False
enforcer = policy.Enforcer(cfg.ConfigOpts(), use_conf=False)


def answer(question):
    try:
        return bool(enforcer.enforce(question['rule'], question['target'], dict(question['credentials'])))
    except Exception as error:
        return type(error).__name__


for line in sys.stdin:
    given = json.loads(line)
    checks, failed = {}, []
    for name, text in given['rules'].items():
        before = heard.complaints
        checks[name] = _parser.parse_rule(text)
        if heard.complaints > before:
            failed.append(name)
    enforcer.set_rules(policy.Rules(checks, 'default'), overwrite=True, use_conf=False)
    print(json.dumps({'failed': failed, 'answers': [answer(question) for question in given['questions']]}))
