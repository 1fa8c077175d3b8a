"""Builds pyCADF's own objects of events on standard input, and says what OpenStack's middleware makes of the same acts."""
import json
import logging
import sys
import tempfile
import warnings

import webob
from keystonemiddleware.audit import _api
from oslo_config import cfg
from pycadf import attachment, cadftaxonomy, endpoint, event, host, reason, resource

warnings.simplefilter('ignore')
logging.disable(logging.CRITICAL)
MAP = """[DEFAULT]
target_endpoint_type = out-of-band
[path_keywords]
machines = machine
power = None
audit-records = None
[custom_actions]
power/put = start/stop
[service_endpoints]
out-of-band = service/oob
"""


def resource_of(data):
    made = resource.Resource(id=data['id'], typeURI=data['typeURI'], name=data['name'],
                             host=host.Host(**data['host']) if 'host' in data else None)
    for address in data.get('addresses', []):
        made.add_address(endpoint.Endpoint(**address))
    return made


def problems(data):
    """What pyCADF refuses of an event; its setters raise for what they do not take."""
    try:
        made = event.Event(
            eventType=data['eventType'], id=data['id'], eventTime=data['eventTime'], action=data['action'],
            outcome=data['outcome'], initiator=resource_of(data['initiator']), target=resource_of(data['target']),
            observer=resource_of(data['observer']),
            reason=reason.Reason(**data['reason']) if 'reason' in data else None)
        for one in data['tags']:
            made.add_tag(one)
        for one in data['attachments']:
            made.add_attachment(attachment.Attachment(**one))
    except ValueError as error:
        return str(error)
    found = [name for name in ('initiator', 'target', 'observer') if not getattr(made, name).is_valid()]
    if 'reason' in data and not made.reason.is_valid():
        found.append('reason')
    if not made.is_valid():
        found.append('event')
    if made.as_dict()['typeURI'] != data['typeURI']:
        found.append('typeURI')
    if data['action'] not in cadftaxonomy.ACTION_TAXONOMY and data['action'] != 'start/stop':
        found.append('action')
    return ' '.join(found)


def middleware(method, path):
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
        file.write(MAP)
        file.flush()
        api = _api.OpenStackAuditApi(file.name)
    request = webob.Request.blank(path, method=method)
    request.environ.update(HTTP_X_USER_ID='u', HTTP_X_USER_NAME='bob', HTTP_X_PROJECT_ID='p', HTTP_X_AUTH_TOKEN='t',
                           HTTP_X_IDENTITY_STATUS='Confirmed', HTTP_X_SERVICE_CATALOG=json.dumps([{
                               'type': 'out-of-band', 'name': 'igor',
                               'endpoints': [{'id': 'e', 'publicURL': 'http://igor.test:8080'}]}]))
    made = api._create_event(request).as_dict()
    return {'action': made['action'], 'typeURI': made['target']['typeURI'], 'keys': sorted(made),
            'initiator': sorted(made['initiator'])}


asked = json.load(sys.stdin)
print(json.dumps({'problems': [problems(one) for one in asked['events']],
                  'middleware': [middleware(*act) for act in asked['acts']]}))
