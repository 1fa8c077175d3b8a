import { describeDriver } from './driver.ts';
import { ipmiSimBy, simulatorBy } from './ipmi-peers.ts';

for (const purpose of ['reads', 'changes'] as const) {
  const way = { transport: 'shells', purpose } as const;
  const [sim, ours] = [ipmiSimBy(way), simulatorBy(way)];
  describeDriver(`the driver ipmi by a shell for ${purpose}, at ipmi_sim`, sim.open, sim);
  describeDriver(`the driver ipmi by a shell for ${purpose}, at our own BMC`, ours.open, ours);
}
