import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { incarnate } from './adapters/incarnation.ts';
import { keycloakDirectory } from './adapters/keycloak/directory.ts';
import { identities } from './adapters/keystone/index.ts';
import { auditChain } from './adapters/postgres/audit-chain.ts';
import { bell } from './adapters/postgres/bell.ts';
import { conditions } from './adapters/postgres/conditions.ts';
import { controllers } from './adapters/postgres/controllers.ts';
import { hearCanary } from './adapters/postgres/canary.ts';
import { events } from './adapters/postgres/events.ts';
import { executions } from './adapters/postgres/executions.ts';
import { grants } from './adapters/postgres/grants.ts';
import { journal } from './adapters/postgres/journal.ts';
import { lacks } from './adapters/postgres/lacks.ts';
import { leases } from './adapters/postgres/leases.ts';
import { logArchives } from './adapters/postgres/log-archives.ts';
import { logWatches } from './adapters/postgres/log-watches.ts';
import { machineKeys } from './adapters/postgres/machine-keys.ts';
import { machines } from './adapters/postgres/machines.ts';
import { observations } from './adapters/postgres/observations.ts';
import { samples } from './adapters/postgres/samples.ts';
import { openSessions } from './adapters/postgres/open-sessions.ts';
import { relays } from './adapters/postgres/relays.ts';
import { operationSets } from './adapters/postgres/operation-sets.ts';
import { pendingCredentials } from './adapters/postgres/pending-credentials.ts';
import { moves } from './adapters/postgres/moves.ts';
import { heartbeat } from './adapters/postgres/heartbeat.ts';
import { replicas } from './adapters/postgres/replica-list.ts';
import { membership } from './adapters/postgres/replicas.ts';
import { schedules } from './adapters/postgres/schedules.ts';
import { outbox } from './adapters/postgres/outbox.ts';
import { shelves } from './adapters/postgres/shelves.ts';
import { migrate } from './adapters/postgres/source.ts';
import { selectors } from './adapters/postgres/selectors.ts';
import { sessionJournal } from './adapters/postgres/session-journal.ts';
import { subscriptions } from './adapters/postgres/subscriptions.ts';
import { sqlOf } from './adapters/postgres/sql.ts';
import { livePolicy } from './adapters/policy-watch.ts';
import { processes, realmHere, startOf } from './adapters/processes.ts';
import { reach } from './adapters/reach.ts';
import { webhooks } from './adapters/webhooks.ts';
import { ssh } from './adapters/ssh.ts';
import { atStart } from './catalogue.ts';
import type { Config } from './config.ts';
import { callers } from './core/callers.ts';
import { allowedActions, decide } from './core/decide.ts';
import { deliverer } from './core/deliver.ts';
import { eventFeed } from './core/event-feed.ts';
import { follower } from './core/follow.ts';
import { grantRegister } from './core/grants.ts';
import { withPersons } from './core/persons.ts';
import { orphanage } from './core/broker/orphans.ts';
import { keeper } from './core/lease.ts';
import { life } from './core/life.ts';
import { mover } from './core/mover.ts';
import { observer } from './core/observe.ts';
import { sampler } from './core/sample.ts';
import type { Services } from './core/operation.ts';
import { relayer } from './core/relay.ts';
import { relayWork } from './core/relay-work.ts';
import { rotation } from './core/rotation.ts';
import { meaning, selection } from './core/selection.ts';
import { mandates } from './core/schedules/mandates.ts';
import { scheduler } from './core/schedules/scheduler.ts';
import { fleet } from './core/sets/fleet.ts';
import { kindsFor } from './core/sets/kinds.ts';
import { planner } from './core/sets/plan.ts';
import { progress } from './core/sets/progress.ts';
import { pace, threadWork } from './core/sets/pace.ts';
import { setWorker } from './core/sets/worker.ts';
import { settling } from './core/settling.ts';
import { steps } from './core/steps.ts';
import { sweeping } from './core/sweeping.ts';
import { upkeep } from './core/upkeep.ts';
import { inTime, pause } from './core/waiting.ts';
import { logWatcher } from './core/watch-logs.ts';
import { worker } from './core/work.ts';
import { openDatabase, openKeyring } from './database.ts';
import { asFault, Fault, told } from './domain/fault.ts';
import { readNetworks } from './domain/networks.ts';
import { isOf, type Keycloak } from './domain/keycloak.ts';
import { targetNetworks } from './domain/target-networks.ts';
import { webhookNetworks } from './domain/webhook-networks.ts';
import { originsOf } from './domain/web-address.ts';
import { drivers } from './drivers/index.ts';
import { app } from './http/app.ts';
import { certificate } from './http/certificate.ts';
import { closed, listen, listener, usualLimits } from './http/listener.ts';
import { messagesOf } from './http/messages.ts';
import { metrics } from './http/metrics.ts';
import { openapi } from './http/openapi.ts';
import { executionRun } from './operations/execution-run.ts';
import { operations } from './operations/index.ts';
import { scheduleRunBegin } from './operations/schedule-run-begin.ts';
import type { Log, Tokens } from './ports/services.ts';
import { version } from './version.ts';

/** A running service. */
export interface Service {
  /** `host:port` that it listens on. */
  readonly address: string;
  readonly metricsAddress: string;
  /** Finishes or hands back what runs, closes every session, within the configured time. */
  stop(): Promise<void>;
}

/** After a beat was sent, until this replica lets go of everything: a second before its peers may take it (heartbeat.ts). */
const actMs = 3_000;
/** Between two looks at what sessions are idle. */
const tendMs = 1_000;
/** Between two looks at whether the database has it that the controllers which are held are held. */
const checkMs = 5_000;
/** After a stop has cut off what runs: until its answer has to be out. */
const answerMs = 3_000;
/** Until a database that answers has written a beat. */
const firstBeatMs = 10_000;
/** Until the database knows that this replica leaves. */
const drainedMs = 2_000;
/** However often somebody asks whether Igor is ready, Keystone is asked once in so long. */
const readyMs = 5_000;

/** Where things are made and joined. Reads as a list; on a failure, what was made is stopped again. */
export const serve = async ({ settings, cloud, registerCloud, keycloak }: Config, log: Log): Promise<Service> => {
  if (cloud === null) throw new Error('the service needs credentials of its own');
  const undo: (() => Promise<unknown>)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse())
      await step().catch((error: unknown) => log.warn({ err: error }, 'stop.failed'));
  };
  try {
    mkdirSync(settings.IGOR_DATA_DIR, { recursive: true, mode: 0o711 });
    const { IGOR_TLS_CERT_FILE: certFile, IGOR_TLS_KEY_FILE: keyFile } = settings;
    const shown = certFile === undefined || keyFile === undefined ? null : certificate({ certFile, keyFile, log });
    const usualUrl = `${shown === null ? 'http' : 'https'}://${settings.IGOR_LISTEN}`;
    const publicUrl = (settings.IGOR_PUBLIC_URL ?? usualUrl).replace(/\/+$/, '');
    const href = (path: string): string => `${publicUrl}${path}`;
    const numbers = metrics();
    const rules = await livePolicy({ path: settings.IGOR_POLICY_FILE, log, heard: numbers.policyRead });
    undo.push(async () => rules.stop());

    const keyring = await openKeyring(settings);
    const { database, place, embedded, close } = await openDatabase(settings, log);
    undo.push(close);
    const applied = await migrate(database);
    if (applied.length > 0) log.info({ applied }, 'schema.migrated');
    const sql = sqlOf(database);
    await hearCanary(sql, keyring);
    const rings = bell(place, sql, log);
    undo.push(async () => rings.stop());

    const { replicaId, buried } = incarnate(settings.IGOR_DATA_DIR);
    const journalOf = journal(sql, replicaId);
    const executionsOf = executions(sql, replicaId);
    const setsOf = operationSets(sql, replicaId, keyring);
    const now = (): number => performance.now();
    let shownAddress: string | null = null;
    const members = membership(sql, replicaId);
    const replicasOf = replicas(sql);
    const relaysOf = relays(sql, keyring, replicaId, log);
    const sweep = async (): Promise<void> => {
      const dead = await members.sweep();
      const acts = await journalOf.sweep();
      const runs = await executionsOf.sweep();
      await relaysOf.prune();
      const targets = await setsOf.sweep();
      if (dead > 0) log.warn({ replicas: dead }, 'replica.buried');
      if (acts + runs + targets === 0) return;
      numbers.unknownOutcomes(acts + runs);
      log.warn({ acts, runs, targets }, 'journal.swept');
    };
    if (buried !== null) await members.bury(buried);
    const alive = life({ now, actMs });
    const sweeper = sweeping({ sweep, log, now });
    const beats = heartbeat(place, {
      id: replicaId,
      address: () => shownAddress,
      version,
      log,
      now,
      beaten(sentAt, isUnbroken) {
        alive.beaten(sentAt, isUnbroken);
        sweeper.beaten();
      },
    });
    undo.push(async () => {
      await beats.stop();
      alive.end();
      await sweeper.stop();
      await members.leave();
    });
    await inTime(beats.first, firstBeatMs, () => new Fault('store-unavailable', 'no heartbeat could be written'));
    if (buried !== null) await sweep();

    const keystone = identities(cloud, {
      seconds: settings.IGOR_TOKEN_CACHE_SECONDS,
      entries: settings.IGOR_TOKEN_CACHE_ENTRIES,
      bytes: settings.IGOR_TOKEN_CACHE_BYTES,
      refusedPerMinute: settings.IGOR_REFUSED_TOKEN_LIMIT,
      deadlineSeconds: settings.IGOR_KEYSTONE_SECONDS,
      serviceType: settings.IGOR_SERVICE_TYPE,
      log,
      now,
    });
    const tokens = await personsOf(keycloak, keystone.tokens, log);
    const validates = remembered(readyMs, keystone.check);

    const reachable = reach(targetNetworks(settings.IGOR_TARGET_NETWORKS.split(',').map((network) => network.trim())));
    const machinesOf = machines(sql, keyring);
    const keysOf = machineKeys(sql);
    const selectorsOf = selectors(sql);
    const meant = meaning({ keys: keysOf, selectors: selectorsOf, rules });
    const controllersOf = controllers(sql, keyring);
    const observationsOf = observations(sql, replicaId);
    const driversOf = drivers({ homeDir: join(settings.IGOR_DATA_DIR, 'ipmitool') });
    undo.push(async () => driversOf[Symbol.asyncDispose]());
    const samplesOf = samples(sql, replicaId);
    const leasesOf = leases(sql, replicaId);
    const conditionsOf = conditions(sql);
    const sessionsOf = sessionJournal(sql, { replicaId, realm: realmHere(), startOf });
    const pending = pendingCredentials(sql, keyring);
    const settlingOf = settling({ pending, controllers: controllersOf, drivers: driversOf, reach: reachable, log });
    const keep = keeper({
      settling: settlingOf,
      controllers: controllersOf,
      leases: leasesOf,
      drivers: driversOf,
      reach: reachable,
      shelves: shelves(sql, log),
      conditions: conditionsOf,
      journal: sessionsOf,
      log,
      now,
      life: alive,
      idleMs: settings.IGOR_SESSION_IDLE_SECONDS * 1000,
      sessionsEach: settings.IGOR_CONTROLLER_SESSIONS,
      sessionsTotal: settings.IGOR_WARM_SESSIONS,
      tendMs,
      checkMs,
      counted: numbers.broker(conditionsOf.count),
    });
    const observe = observer({ keeper: keep, observations: observationsOf, log, now });
    const orphans = orphanage({ keeper: keep, journal: sessionsOf, processes, log });
    const logs = logWatcher({ keeper: keep, watches: logWatches(sql, replicaId), log });
    const sample = sampler({ keeper: keep, samples: samplesOf, log });

    const movesOf = moves(sql, replicaId);
    const move = mover({ moves: movesOf, visits: keep, waitMs: settings.IGOR_NETWORK_SECONDS * 1000, now });
    const follow = follower({
      mover: move,
      moves: movesOf,
      visits: keep,
      journal: journalOf,
      log,
      giveUpMs: settings.IGOR_NETWORK_HOURS * 3_600_000,
    });

    const grantsOf = grants(sql);
    const register = grantRegister(grantsOf, now);
    const callersOf = callers({ policy: rules, register, groups: keystone.groups });
    const logArchivesOf = logArchives(sql);
    const selectOf = selection(meant, keysOf);
    const comingOn = progress({ sets: setsOf, bell: rings });
    const kinds = kindsFor(operations);
    const decideBy: Services['decide'] = (caller, permission, subject) => decide(rules, caller, permission, subject);
    const plan = planner({
      kinds,
      select: selectOf,
      controllers: controllersOf,
      decide: decideBy,
      blastRadius: settings.IGOR_BLAST_RADIUS,
      powerOnStaggerMs: settings.IGOR_POWER_ON_STAGGER_MS,
    });
    const fleetOf = fleet(plan, setsOf);
    const schedulesOf = schedules(sql, replicaId);
    const mandatesOf = mandates({ trusts: keystone.trusts, tokens, callers: callersOf, fleet: fleetOf, log });
    const eventsOf = events(sql);
    await eventsOf.adopt();
    const outboxOf = outbox(sql, keyring, replicaId);
    const webhooksOf = webhooks({
      reach: reach(webhookNetworks(settings.IGOR_WEBHOOK_NETWORKS)),
      allowHttp: settings.IGOR_WEBHOOK_HTTP,
      caFile: settings.IGOR_WEBHOOK_CA_FILE ?? null,
      userAgent: `igor/${version}`,
    });
    const deliver = deliverer({
      outbox: outboxOf,
      webhooks: webhooksOf,
      bell: rings,
      log,
      source: publicUrl,
      counted: numbers.delivery,
    });
    const services: Services = {
      sets: setsOf,
      fleet: fleetOf,
      schedules: schedulesOf,
      mandates: mandatesOf,
      progress: comingOn,
      machines: machinesOf,
      controllers: controllersOf,
      executions: executionsOf,
      samples: samplesOf,
      journal: journalOf,
      logArchives: logArchivesOf,
      projects: keystone.projects,
      meant,
      selectors: selectorsOf,
      select: selectOf,
      reach: reachable,
      remote: ssh({ resolve: reachable.resolve }),
      drivers: driversOf,
      visits: keep,
      lacks: lacks(sql),
      subscriptions: subscriptions(sql, keyring),
      webhooks: webhooksOf,
      feed: eventFeed({ events: eventsOf, bell: rings, log, source: publicUrl, now }),
      rotation: rotation({ pending, settling: settlingOf, visits: keep, controllers: controllersOf, log }),
      mover: move,
      openSessions: openSessions(sql),
      replicas: replicasOf,
      look: observe.look,
      rawAllowed: new Set(settings.IGOR_RAW_ALLOW.split(',')),
      freshMs: settings.IGOR_OBSERVE_SECONDS * 2000,
      wake: () => work.wake(),
      grants: grantsOf,
      register,
      groups: keystone.groups,
      approvalMinutes: settings.IGOR_APPROVAL_MINUTES,
      alarm(event, fields) {
        numbers.alarmed(event);
        log.warn(fields, event);
      },
      rules,
      allowedActions: (caller) => allowedActions(rules, caller),
      decide: decideBy,
    };
    const relaying = { replicaId, relays: relaysOf, leases: leasesOf, bell: rings, life: alive, log };
    const counts = numbers.replicas(replicasOf.count);
    const passOn = relayer({ ...relaying, ...counts });
    const bulk = pace({ worked: threadWork() });
    const flow = steps({
      pace: bulk,
      services,
      tokens,
      callers: callersOf,
      keeper: keep,
      observer: observe,
      observations: observationsOf,
      life: alive,
      relayer: passOn,
      graceMs: settings.IGOR_TOKEN_CACHE_SECONDS * 1000,
      log,
      requestsPerMinute: settings.IGOR_RATE_LIMIT,
      auditReads: settings.IGOR_AUDIT_READS,
    });
    const relayed = relayWork({ ...relaying, ...counts, steps: flow, operations, callers: callersOf, keeper: keep });
    const work = worker({
      steps: flow,
      executions: executionsOf,
      callers: callersOf,
      step: executionRun,
      href,
      life: alive,
      log,
    });

    const fleetWork = setWorker({
      steps: flow,
      sets: setsOf,
      callers: callersOf,
      kinds,
      bell: rings,
      pace: bulk,
      href,
      log,
    });

    const schedule = scheduler({
      steps: flow,
      schedules: schedulesOf,
      mandates: mandatesOf,
      step: scheduleRunBegin,
      bell: rings,
      href,
      log,
    });

    const chainMs = settings.IGOR_AUDIT_CHAIN_SECONDS * 1000;
    const records = upkeep({
      chain: auditChain(sql, keyring, { leastAgeMs: chainMs / 2 }),
      executions: executionsOf,
      archives: logArchivesOf,
      log,
      show: numbers.chain,
      chainMs,
      journalDays: settings.IGOR_AUDIT_RETENTION_DAYS,
      executionDays: settings.IGOR_EXECUTION_RETENTION_DAYS,
      sets: setsOf,
      schedules: schedulesOf,
      operationDays: settings.IGOR_OPERATION_RETENTION_DAYS,
      archiveDays: settings.IGOR_ARCHIVE_RETENTION_DAYS,
      events: eventsOf,
      outbox: outboxOf,
      deliveryDays: settings.IGOR_DELIVERY_RETENTION_DAYS,
      eventDays: settings.IGOR_EVENT_RETENTION_DAYS,
      samples: samplesOf,
      sampleHours: settings.IGOR_SAMPLE_RETENTION_HOURS,
    });

    const handler = app({
      steps: flow,
      operations,
      serviceType: settings.IGOR_SERVICE_TYPE,
      authUri: settings.IGOR_WWW_AUTHENTICATE_URI ?? cloud.authUrl,
      href,
      publicUrl,
      trustedProxies: settings.IGOR_TRUSTED_PROXIES === undefined ? null : readNetworks(settings.IGOR_TRUSTED_PROXIES),
      proxyHeaders: settings.IGOR_PROXY_HEADERS,
      corsOrigins: originsOf(settings.IGOR_CORS_ORIGINS ?? ''),
      openapi: JSON.stringify(openapi(operations, version)),
      log,
      observe: numbers.observe,
    });
    const server = listener({
      handler,
      messages: messagesOf(handler),
      certificate: shown,
      limits: { ...usualLimits, connections: settings.IGOR_MAX_CONNECTIONS },
      serviceType: settings.IGOR_SERVICE_TYPE,
      href,
      log,
    });
    let leaving = false;
    const ready = async (): Promise<readonly string[]> => {
      if (leaving) return ['stopping: this replica is about to leave'];
      if (alive.now() === null)
        return ['database: store-unavailable: no heartbeat has been answered for three seconds'];
      const causes = await Promise.all([
        validates().then(
          () => null,
          (error: unknown) => `keystone: ${causeOf(error)}`,
        ),
        sql.rows('SELECT 1').then(
          () => null,
          (error: unknown) => `database: ${causeOf(error)}`,
        ),
      ]);
      return causes.filter((cause) => cause !== null);
    };
    const metricsServer = numbers.listener(ready);
    const metricsAddress = await listen(metricsServer, settings.IGOR_METRICS_LISTEN);
    undo.push(async () => closed(metricsServer, AbortSignal.timeout(1_000)));
    const address = await server.listen(settings.IGOR_LISTEN);
    shownAddress = reachedAt(address);
    await members.move(shownAddress);

    const unheed = rings.on('relays', (said) => {
      if (said === `wanted ${replicaId}`) keep.heed();
    });
    undo.push(async () => unheed());
    passOn.start();
    undo.push(async () => passOn.stop());
    relayed.start();
    observe.start(settings.IGOR_OBSERVE_SECONDS * 1000);
    orphans.start();
    sample.start(settings.IGOR_SAMPLE_SECONDS * 1000);
    logs.start(settings.IGOR_EVENT_LOG_SECONDS * 1000);
    follow.start();
    work.start();
    fleetWork.start();
    schedule.start();
    deliver.start();
    records.start();
    if (embedded) log.warn({ data_dir: settings.IGOR_DATA_DIR }, 'database.embedded');
    void keystone.report();
    void atStart({
      service: keystone.service,
      cloud,
      registerCloud,
      database: sql,
      publicUrl,
      type: settings.IGOR_SERVICE_TYPE,
      log,
    });
    log.info(
      { address, metrics: metricsAddress, public_url: publicUrl, replica: replicaId, version },
      'service.started',
    );

    return {
      address,
      metricsAddress,
      async stop() {
        log.info({ replica: replicaId }, 'service.stopping');
        leaving = true;
        // Nothing new for this one: its controllers go to whoever wants them, as soon as nobody here is at them.
        await inTime(members.drain(), drainedMs, () => new Fault('store-unavailable')).catch((error: unknown) =>
          log.warn(told(error), 'stop.untold'),
        );
        keep.drain();
        relayed.drain();
        fleetWork.drain();
        const over = new AbortController();
        const end = over.signal;
        // Each is told at once, so that it claims nothing more, and has until the end for what it is at.
        const claimants = [observe, sample, logs, orphans, follow, work, fleetWork, schedule, deliver];
        const claimed = Promise.allSettled(claimants.map(async (one) => one.stop(end)));
        await pause(settings.IGOR_DRAIN_SECONDS * 1000, new AbortController().signal);
        const cut = setTimeout(() => over.abort(), settings.IGOR_STOP_SECONDS * 1000);
        const answered = server.close(AbortSignal.timeout(settings.IGOR_STOP_SECONDS * 1000 + answerMs));
        await Promise.all([relayed.stop(end), keep.stop(end), claimed, records.stop(), answered]);
        clearTimeout(cut);
        await stopAll();
        log.info({ replica: replicaId }, 'service.stopped');
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
};

const personsOf = async (settings: Keycloak | null, tokens: Tokens, log: Log): Promise<Tokens> => {
  if (settings === null) return tokens;
  const directory = await keycloakDirectory(settings);
  directory.check().then(
    (found) => (found === 'answers' ? log.info({}, 'keycloak.answers') : log.error({}, 'keycloak.shows-nobody')),
    (fault: unknown) => log.warn(told(fault), 'keycloak.unanswered'),
  );
  return withPersons(tokens, { directory, concerns: isOf(settings), log, now: () => performance.now() });
};

/** For people: a host's name where it listens on all of its addresses. */
const reachedAt = (address: string): string => address.replace(/^(0\.0\.0\.0|\[?::\]?):(?=\d+$)/, `${hostname()}:`);

/** Code and sentence. */
const causeOf = (thrown: unknown): string => {
  const { code, detail } = asFault(thrown);
  return `${code}: ${detail}`;
};

/** The same answer for a while. */
const remembered = <T>(ms: number, ask: () => Promise<T>): (() => Promise<T>) => {
  let last: { readonly at: number; readonly answer: Promise<T> } | null = null;
  return async () => {
    if (last === null || performance.now() - last.at > ms) last = { at: performance.now(), answer: ask() };
    return last.answer;
  };
};
