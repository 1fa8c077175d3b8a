import { bmc, keystone, sshd } from './parts.ts';

/** Starts the real parts, says where they are, and waits to be killed. */
const [identity, controller, host] = await Promise.all([keystone(), bmc('held01'), sshd()]);
const keystonePort = Number(new URL(identity.url).port);
console.log(JSON.stringify({ keystone: keystonePort, bmc: controller.port, sshd: host.port }));
setInterval(() => undefined, 60_000);
