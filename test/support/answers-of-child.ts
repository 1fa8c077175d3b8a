import { openapi } from '../../src/http/openapi.ts';
import { operations } from '../../src/operations/index.ts';
import { version } from '../../src/version.ts';
import { watchAnswers } from './answers.ts';

/** Loaded into a process that serves: what is wrong with its answers is told to the tests. */
watchAnswers(0, JSON.stringify(openapi(operations, version)), '', (text) => void process.send?.(text));
process.channel?.unref();
