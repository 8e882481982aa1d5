// The calls of this app, through the gateway that served it.
import { Code, ConnectError, createClient, type CallOptions, type Interceptor, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { SessionService } from '../gen/muster/gateway/v1/session_pb';
import { ErrorInfoSchema, RetryInfoSchema } from '../gen/google/rpc/error_details_pb';
import { AccessService } from '../gen/muster/v1/access_pb';
import { AgencyService } from '../gen/muster/v1/agency_pb';
import { ClaimService } from '../gen/muster/v1/claims_pb';
import { DeconflictionService } from '../gen/muster/v1/deconfliction_pb';
import { OperationService } from '../gen/muster/v1/operation_pb';
import { PlanService } from '../gen/muster/v1/plan_pb';
import { ReadinessService } from '../gen/muster/v1/readiness_pb';
import { ReleaseService } from '../gen/muster/v1/release_pb';
import { FeedService } from '../gen/muster/v1/submission_pb';
import { TallyService } from '../gen/muster/v1/tally_pb';
import { VictimServicesService } from '../gen/muster/v1/victims_pb';
import { gotNoAnswer } from '../model/freshness';
import type { Refusal } from './protocol';

const UNARY_TIMEOUT_MS = 10_000;

// `unanswered` is told of every call that reached no gateway, and when that call began. That one waits for long says nothing.
export function clientsAt(baseUrl: string, unanswered: (begunAt: number) => void): Clients {
  const options = { baseUrl, useBinaryFormat: true, interceptors: [noticeUnanswered(unanswered)] };
  // A feed stays open for hours: no time limit for streams.
  return makeClients(createConnectTransport({ ...options, defaultTimeoutMs: UNARY_TIMEOUT_MS }), createConnectTransport(options));
}

export function makeClients(transport: Transport, streams: Transport) {
  return {
    session: createClient(SessionService, transport),
    agency: createClient(AgencyService, transport),
    access: createClient(AccessService, transport),
    operation: createClient(OperationService, transport),
    readiness: createClient(ReadinessService, transport),
    plan: createClient(PlanService, transport),
    deconfliction: createClient(DeconflictionService, transport),
    tally: createClient(TallyService, transport),
    claims: createClient(ClaimService, transport),
    release: createClient(ReleaseService, transport),
    victims: createClient(VictimServicesService, transport),
    feed: createClient(FeedService, transport),
    stream: createClient(FeedService, streams),
  };
}
export type Clients = ReturnType<typeof makeClients>;

export function noticeUnanswered(unanswered: (begunAt: number) => void): Interceptor {
  return (next) => async (request) => {
    const begunAt = Date.now();
    try {
      return await next(request);
    } catch (error) {
      if (gotNoAnswer(ConnectError.from(error).rawMessage)) unanswered(begunAt);
      throw error;
    }
  };
}

// How true an answer is: a daemon that cannot reach a broker answers with a copy and says so in the headers, or in the
// trailers where the answer was streamed.
export interface AnswerAge {
  asOf?: number;
  superseded?: boolean;
}

export function ageListener(age: AnswerAge): CallOptions {
  const take = (metadata: Headers) => {
    const asOf = Date.parse(metadata.get('muster-as-of') ?? '');
    if (!Number.isNaN(asOf)) age.asOf = asOf;
    if (metadata.get('muster-superseded') === '1') age.superseded = true;
  };
  return { onHeader: take, onTrailer: take };
}

export function refusalOf(error: unknown): Refusal {
  const known = ConnectError.from(error);
  const info = known.findDetails(ErrorInfoSchema)[0];
  const retry = known.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return {
    code: Code[known.code].replace(/(?!^)([A-Z])/g, '_$1').toLowerCase(),
    message: known.rawMessage,
    reason: info?.reason ?? '',
    ...(retry === undefined ? {} : { retryAfterMs: Number(retry.seconds) * 1000 + retry.nanos / 1e6 }),
  };
}

const NOT_FOR_YOUR_ROLE = 'not for your role';
const NOT_OFFERED = 'not offered by this server';
// Whether asking again would bring the same answer.
export const isForGood = (absent: string | undefined) => absent === NOT_FOR_YOUR_ROLE || absent === NOT_OFFERED;

// Whether the answer is that there is nothing for us, as opposed to none just now: why, in a few words.
export function finalAbsence(error: unknown): string | undefined {
  switch (ConnectError.from(error).code) {
    case Code.PermissionDenied:
      return NOT_FOR_YOUR_ROLE;
    case Code.NotFound:
    case Code.FailedPrecondition:
      return 'none yet';
    case Code.Unimplemented:
      return NOT_OFFERED;
    default:
      return undefined;
  }
}

export const isUnauthenticated = (error: unknown) => ConnectError.from(error).code === Code.Unauthenticated;

interface Page {
  pageSize: number;
  pageToken: string;
}
// Reads a list to its end.
export async function allPages<R extends { nextPageToken: string }, T>(
  read: (page: Page) => Promise<R>,
  items: (response: R) => T[],
): Promise<T[]> {
  const all: T[] = [];
  let pageToken = '';
  do {
    const response = await read({ pageSize: 1000, pageToken });
    all.push(...items(response));
    pageToken = response.nextPageToken;
  } while (pageToken !== '');
  return all;
}
