import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';
import type { Express } from 'express';

export type Messages = Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>;

/**
 * For the server that serves an application: messages that are born as Express's own. Express else changes the prototype
 * of each request and each answer, after which V8 knows their fields no longer, in Node's code as in ours: 0.07 of 0.1 ms
 * of CPU for a small answer (Node 20, Express 5.2).
 */
export const messagesOf = (app: Express): Messages => {
  class Request extends IncomingMessage {}
  class Response<Asked extends IncomingMessage> extends ServerResponse<Asked> {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  Object.assign(app, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
};
