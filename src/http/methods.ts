import type { RequestHandler } from 'express';
import { Fault } from '../domain/fault.ts';

/** For what a path does not offer: 405 with `Allow`; an OPTIONS is told the same with 204, without a token. */
export const otherMethods = (methods: readonly string[]): RequestHandler => {
  const allow = [...new Set([...methods, 'OPTIONS'])].join(', ');
  return (request, response) => {
    if (request.method !== 'OPTIONS')
      throw new Fault('method-not-allowed', `it offers ${allow}`, { headers: { Allow: allow } });
    response.set('Allow', allow).status(204).end();
  };
};
