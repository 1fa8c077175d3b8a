import { z } from 'zod';
import type { Projects } from '../../ports/services.ts';
import { garbled, unhelpful } from './failure.ts';
import type { KeystoneAnswer } from './http.ts';
import type { AskFor } from './on-behalf.ts';

const project = z.object({ id: z.string(), name: z.string(), domain_id: z.string() });
const one = z.object({ project });
const many = z.object({ projects: z.array(project) });

/**
 * Asked with the caller's own token: what Keystone does not show him does not exist here. By Keystone's new default rules an
 * admin of a project may list every project and yet not get one by its id (seen: 22.0.2, 403), so a refusal is asked twice.
 */
export const projects = (ask: AskFor): Projects => ({
  async find(projectId, asker, signal) {
    if (asker.token === null) return null;
    const answer = await ask(`/projects/${encodeURIComponent(projectId)}`, asker, signal);
    if (answer.status === 200) return found(one.safeParse(answer.body).data?.project);
    if (answer.status !== 403) return absent(answer);
    const list = await ask('/projects', asker, signal);
    if (list.status !== 200) return absent(list);
    const all = many.safeParse(list.body).data?.projects;
    if (all === undefined) throw garbled('an odd list of projects');
    const fits = all.find(({ id }) => id === projectId);
    return fits === undefined ? null : found(fits);
  },
});

const found = (body: z.infer<typeof project> | undefined): Awaited<ReturnType<Projects['find']>> => {
  if (body === undefined) throw garbled('an odd body to a project');
  return { id: body.id, name: body.name, domainId: body.domain_id };
};

const absent = (answer: KeystoneAnswer): null => {
  if ([401, 403, 404].includes(answer.status)) return null;
  throw unhelpful(answer, 'a project');
};
