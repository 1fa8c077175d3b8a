"""What an OpenStack API written in Python runs: the pipeline of its api-paste.ini, in front of a whoami.

PEER_CONF is its oslo.config file, PEER_TOLD a JSON file with what the answer holds beside the caller, PEER_BARE
leaves nothing but auth_token. The application is a plain WSGI callable: a framework would only cost more.
"""

import json
import os

from keystonemiddleware import auth_token
from oslo_config import cfg
from oslo_context import context
from oslo_log import log
from oslo_middleware import cors, http_proxy_to_wsgi, request_id
from oslo_policy import policy

# The level of Igor's own default: admin, manager, member and reader of the project, or a reader of the system.
RULE = (
    'role:admin or (role:manager and project_id:%(project_id)s) or (role:member and project_id:%(project_id)s)'
    ' or (role:reader and project_id:%(project_id)s) or (role:reader and system_scope:all)'
)

conf = cfg.ConfigOpts()
log.register_options(conf)
conf(args=[], project='peer', default_config_files=[os.environ['PEER_CONF']])
log.setup(conf, 'peer')
logger = log.getLogger('peer')

enforcer = policy.Enforcer(conf)
enforcer.register_default(policy.RuleDefault('peer:whoami:get', RULE))

with open(os.environ['PEER_TOLD'], encoding='utf-8') as file:
    told = json.load(file)


def whoami(environ, start_response):
    caller = context.RequestContext.from_environ(environ)
    enforcer.authorize('peer:whoami:get', {'project_id': caller.project_id}, caller)
    token = environ['keystone.token_info']['token']
    body = json.dumps({
        **told,
        'user': {'id': caller.user_id, 'name': token['user']['name'], 'domain_id': caller.user_domain_id},
        'project': {
            'id': caller.project_id,
            'name': token['project']['name'],
            'domain_id': caller.project_domain_id,
        },
        'domain_id': caller.domain_id,
        'system_scope': caller.system_scope,
        'roles': sorted(caller.roles),
        'expires_at': token['expires_at'],
    }).encode()
    logger.info('%s %s status: 200 len: %d', environ['REQUEST_METHOD'], environ['PATH_INFO'], len(body))
    return answer(start_response, body)


def bare(environ, start_response):
    return answer(start_response, json.dumps(told).encode())


def answer(start_response, body):
    start_response('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(body)))])
    return [body]


def authenticated(app):
    return auth_token.AuthProtocol(app, {'oslo_config_config': conf})


def pipeline():
    if os.environ.get('PEER_BARE'):
        return authenticated(bare)
    app = request_id.RequestId(authenticated(whoami))
    return cors.CORS(http_proxy_to_wsgi.HTTPProxyToWSGI(app, conf), conf)


application = pipeline()
