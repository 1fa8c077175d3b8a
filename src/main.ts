#!/usr/bin/env node
/** `igor`: a word of the service's, else the CLI's. Imports only what the word asks for. */
const [word, ...rest] = process.argv.slice(2);

const words: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<number>>>> = {
  serve: async () => (await import('./words/serve.ts')).serveWord,
  migrate: async () => (await import('./words/migrate.ts')).migrateWord,
  register: async () => (await import('./words/register.ts')).registerWord,
  config: async () => (await import('./words/config.ts')).configWord,
  key: async () => (await import('./words/key.ts')).keyWord,
  policy: async () => (await import('./words/policy.ts')).policyWord,
};
/** Of the words below `audit`, this one asks the database and not the service. */
const verify = async () => (await import('./words/audit.ts')).auditWord;

const forCli = async () => (await import('./words/cli.ts')).cliWord;
const own = word === undefined ? undefined : word === 'audit' && rest[0] === 'verify' ? verify : words[word];
process.exitCode = own === undefined ? await (await forCli())(process.argv.slice(2)) : await (await own())(rest);
