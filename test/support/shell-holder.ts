import { Secret } from '../../src/domain/secret.ts';
import { drivers } from '../../src/drivers/index.ts';

/** Logs in to the BMC at a port so many times, says so, and waits to be killed. */
const [homeDir = '', port = '', count = ''] = process.argv.slice(2);
const ipmi = drivers({ homeDir, transport: 'shells' }).get('ipmi');
const marks = await Promise.all(
  Array.from({ length: Number(count) }, async () =>
    ipmi
      ?.open({
        address: '127.0.0.1',
        port: Number(port),
        credential: { username: 'admin', password: new Secret('adm1n-Secret') },
        options: {},
        shelf: null,
      })
      .login({ signal: new AbortController().signal }),
  ),
);
console.log(JSON.stringify(marks.map((mark) => mark?.pid)));
setInterval(() => undefined, 60_000);
