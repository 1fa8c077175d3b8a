import { expect } from 'chai';
import { faultOf } from '../support/fault-of.ts';
import { call, deviceOf } from './peer.ts';
import type { ItShowing, Open } from './peer.ts';

/** What every driver tells of the logins at a controller. */
export const describeSessions = (open: Open, itShowing: ItShowing): void => {
  it('lists the logins at the controller, with what they may do', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { value } = await deviceOf(connection).sessions.list(call);
    expect(value.slots).to.be.greaterThan(0);
    expect(value.sessions.length).to.be.within(1, value.slots);
    expect(value.sessions.map(({ privilege }) => privilege)).to.include('administrator');
    expect(new Set(value.sessions.map(({ handle }) => handle)).size).to.equal(value.sessions.length);
  });

  it('says that there is no session of a handle that nobody has', async () => {
    await using peer = await open();
    await using connection = peer.connect();
    const { sessions } = deviceOf(connection);
    const taken = new Set((await sessions.list(call)).value.sessions.map(({ handle }) => handle));
    const free = [251, 252, 253, 254].find((handle) => !taken.has(handle)) ?? 255;
    expect((await faultOf(sessions.close(free, call))).code).to.equal('not-found');
  });

  itShowing('session-address', 'tells from where a login came', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const { value } = await deviceOf(connection).sessions.list(call);
    for (const { address, port } of value.sessions) {
      expect(address).to.equal('127.0.0.1');
      expect(port).to.be.greaterThan(1023);
    }
  });

  itShowing('session-close', 'ends the login of somebody else, and no other', async (openSeen) => {
    await using peer = await openSeen();
    await using connection = peer.connect();
    const stranger = await peer.insight.stranger();
    const { sessions } = deviceOf(connection);
    const before = (await sessions.list(call)).value.sessions;
    expect(before.find(({ handle }) => handle === stranger)).to.include({ privilege: 'operator' });
    const open = peer.insight.sessions();
    await sessions.close(stranger, call);
    const after = (await sessions.list(call)).value.sessions.map(({ handle }) => handle);
    expect(after).not.to.include(stranger);
    expect(peer.insight.sessions()).to.equal(open - 1);
    expect((await faultOf(sessions.close(stranger, call))).code).to.equal('not-found');
  });
};
