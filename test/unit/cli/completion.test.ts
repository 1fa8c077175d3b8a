import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { newUser, type User } from './world.ts';

const run = promisify(execFile);

describe('completion', () => {
  let user: User;
  before(async () => {
    user = await newUser('http://127.0.0.1:1');
  });
  after(async () => user.leave());

  const script = async (shell: string): Promise<string> => {
    const { code, out } = await user.igor(['completion', shell]);
    expect(code).to.equal(0);
    return out;
  };

  /** What bash offers behind these words, the last of which is being typed. */
  const offered = async (...words: readonly string[]): Promise<readonly string[]> => {
    const quoted = ['igor', ...words].map((word) => `'${word}'`).join(' ');
    const ask = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _igor; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['--norc', '-euc', `${await script('bash')}\n${ask}`]);
    return stdout.split('\n').filter((word) => word !== '');
  };

  for (const shell of ['bash', 'zsh']) {
    it(`is a script that ${shell === 'bash' ? 'bash' : "bash can parse too, for zsh's bashcompinit"}`, async () => {
      const { stderr } = await run('bash', ['-n', '-c', await script(shell)]);
      expect(stderr).to.equal('');
    });
  }

  it('offers the commands, their choices, and the derived ones', async () => {
    expect(await offered('po')).to.deep.equal(['power']);
    expect(await offered('power', '-h', 'osl01', 'c')).to.deep.equal(['cycle', 'consumption']);
    expect(await offered('api', 'power', '')).to.include.members(['get', 'set']);
    expect(await offered('api', 'power', 'set', 'osl01', '--ta')).to.deep.equal(['--target']);
    expect(await offered('api', 'power', 'set', 'osl01', '--target', 's')).to.deep.equal(['soft-off']);
    expect(await offered('boot', '--p')).to.deep.equal(['--persistent']);
    expect(await offered('machines', '--js')).to.deep.equal(['--json']);
    expect(await offered('completion', 'f')).to.deep.equal(['fish']);
  });

  it('offers nothing where a value of its own is typed', async () => {
    expect(await offered('power', '-h', '')).to.deep.equal([]);
    expect(await offered('power', '--os-cloud', '')).to.deep.equal([]);
  });

  it('knows the same words in fish', async () => {
    const fish = await script('fish');

    expect(fish).to.contain(`-n '__igor_at "power"' -a 'status on off soft cycle reset nmi `);
    expect(fish).to.contain(`-n '__igor_at "api power set"' -l target -x -a 'on off soft-off cycle reset nmi'`);
  });
});
