import { createServer } from 'node:http';
import { expect } from 'chai';
import express from 'express';
import supertest from 'supertest';
import { messagesOf } from '../../../src/http/messages.ts';

describe('messages', () => {
  it('are born as those of the application, which therefore leaves their prototypes alone', async () => {
    const app = express();
    app.post('/', express.json(), (request, response) => void response.json({ path: request.path, got: request.body }));
    const server = createServer(messagesOf(app));
    let unchanged = 0;
    server.on('request', (request, response) => {
      const born = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)] as unknown[];
      app(request, response);
      const now = [Object.getPrototypeOf(request), Object.getPrototypeOf(response)] as unknown[];
      if (born.every((prototype, index) => prototype === now[index])) unchanged += 1;
    });
    const answer = await supertest(server).post('/').send({ a: 1 });
    expect(answer.body).to.deep.equal({ path: '/', got: { a: 1 } });
    expect(unchanged).to.equal(1);
  });
});
