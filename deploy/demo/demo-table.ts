import { join, relative } from 'node:path';
import { quote } from './demo-files.ts';
import type { DemoSettings } from './demo-settings.ts';
import { personas } from './personas.ts';

/** What runs where, and what to paste into another terminal. */
export const demoTable = ({ dir, ports, machines }: DemoSettings, user: string, seconds: number): string => {
  const igor = `http://127.0.0.1:${ports.igor}`;
  const namesOf = (wanted: string): string =>
    machines
      .filter(({ project }) => project === wanted)
      .map(({ name }) => name)
      .join(' ');
  const bmcPorts = machines.map(({ bmcPort }) => bmcPort);
  const rows = [
    ['Igor', igor, `metrics on http://127.0.0.1:${ports.metrics}/metrics`],
    ['Keystone', `http://127.0.0.1:${ports.keystone}/v3`, 'each password is the name and "pw": bobpw'],
    ['BMCs', `127.0.0.1 UDP ${Math.min(...bmcPorts)}-${Math.max(...bmcPorts)}`, `alpha: ${namesOf('alpha')}`],
    ['', '', `beta: ${namesOf('beta')}`],
    ['sshd', `${user}@127.0.0.1:${ports.sshd}`, "stands for the machines' hosts"],
    ...['alpha', 'beta'].map((wanted, index) => [index === 0 ? 'Who' : '', `on ${wanted}`, rolesOn(wanted)]),
  ];
  const openrc = join(dir, 'openrc-bob');
  const near = relative(process.cwd(), openrc);
  const commands = [
    `. ${quote(near.startsWith('..') ? openrc : near.includes('/') ? near : `./${near}`)}`,
    'openstack catalog show igor',
    'TOKEN=$(openstack token issue -f value -c id)',
    `curl -s -H "X-Auth-Token: $TOKEN" ${igor}/v1/machines`,
    `curl -s -H "X-Auth-Token: $TOKEN" -X PUT --json '{"target": "on"}' \\`,
    `  ${igor}/v1/machines/osl01/power`,
    `igor power -h 'osl0[1-4]' status`,
    'igor sensors -h osl01',
    'igor log -h osl01',
    'igor inventory -h osl01',
    'igor exec -h osl01 -- uname -a',
  ];
  return [
    '',
    `The demo is ready after ${seconds.toFixed(1)} s. Its state lies in ${dir}`,
    '',
    ...rows.map(([what = '', where = '', note = '']) => `  ${what.padEnd(10)}${where.padEnd(30)}${note}`.trimEnd()),
    '',
    'Paste into another terminal:',
    '',
    ...commands.map((command) => `  ${command}`),
    '',
    'Ctrl-C stops everything. From here on this is what Igor logs:',
    '',
  ].join('\n');
};

const rolesOn = (wanted: string): string =>
  personas
    .filter(({ project }) => project === wanted)
    .map(({ name, role }) => (name === role ? name : `${name} (${role})`))
    .join(', ');
