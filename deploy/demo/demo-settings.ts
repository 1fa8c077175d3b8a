import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Protocol } from './ports.ts';

/** A machine of the demo, with the port of its BMC. */
export interface DemoMachine {
  readonly name: string;
  readonly project: 'alpha' | 'beta';
  readonly mac: string;
  readonly bmcPort: number;
}

export interface DemoSettings {
  /** Where all state lies. */
  readonly dir: string;
  /** The clone. */
  readonly repository: string;
  readonly ports: { readonly igor: number; readonly metrics: number; readonly keystone: number; readonly sshd: number };
  readonly machines: readonly DemoMachine[];
}

/** `IGOR_DEMO_DIR` moves the state, `IGOR_DEMO_PORT_BASE` moves all ports. */
export const demoSettings = (environment: Readonly<Record<string, string | undefined>>): DemoSettings => {
  const repository = fileURLToPath(new URL('../../', import.meta.url));
  const dir = resolve(environment['IGOR_DEMO_DIR'] || `${repository}.demo`);
  const written = environment['IGOR_DEMO_PORT_BASE'] || '18000';
  const base = Number(written);
  if (!/^\d+$/.test(written) || base < 1024 || base > 65_500) {
    throw new Error(`IGOR_DEMO_PORT_BASE: ${written} is no number from 1024 to 65500`);
  }
  const machines = Array.from({ length: 6 }, (_, index): DemoMachine => {
    const number = index + 1;
    return {
      name: `osl0${number}`,
      project: number <= 4 ? 'alpha' : 'beta',
      mac: `52:54:00:00:00:0${number}`,
      bmcPort: base + 10 + number,
    };
  });
  const ports = { igor: base, metrics: base + 1, keystone: base + 2, sshd: base + 3 };
  return { dir, repository, ports, machines };
};

/** Every port of the demo, and what it is for. */
export const portsOf = ({ ports, machines }: DemoSettings): readonly (readonly [string, Protocol, number])[] => [
  ['Igor', 'tcp', ports.igor],
  ["Igor's metrics", 'tcp', ports.metrics],
  ['Keystone', 'tcp', ports.keystone],
  ['sshd', 'tcp', ports.sshd],
  ...machines.map(({ name, bmcPort }) => [`the BMC ${name}`, 'udp', bmcPort] as const),
];
