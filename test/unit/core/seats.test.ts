import { expect } from 'chai';
import { seats } from '../../../src/core/seats.ts';
import { Fault } from '../../../src/domain/fault.ts';

describe('the streams that a user may have open', () => {
  it('are so many, of each user apart, and one that ends makes room', () => {
    const seat = seats(2);
    const first = seat({ userId: 'u1' });
    seat({ userId: 'u1' });
    expect(() => seat({ userId: 'u1' }))
      .to.throw(Fault)
      .which.includes({ code: 'too-many-requests', retryAfter: 30 });
    seat({ userId: 'u2' });
    first[Symbol.dispose]();
    seat({ userId: 'u1' });
    expect(() => seat({ userId: 'u1' })).to.throw(Fault);
  });
});
