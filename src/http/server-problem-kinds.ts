/** The kinds of problem that are about the server or the connection, whatever the operation. */
export const serverProblemKinds = {
  'headers-too-large': {
    status: 431,
    title: 'Headers too large',
    description: 'The request line and headers together are larger than the server accepts.',
    remedy: 'Send fewer or shorter headers.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    description: 'Something went wrong on the server. The cause is in its log under the request id.',
    remedy: 'Try again later. If the problem persists, report it to the operator of the server with the request id.',
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    description:
      'The server cannot do this right now: it is starting or stopping, its database is not reachable, it is too ' +
      'busy, or the request took too long.',
    remedy:
      'Wait the number of seconds in Retry-After, then send the request again. If it took too long, some of it may ' +
      'have taken effect: check first, unless you sent an Idempotency-Key.',
  },
  unhealthy: {
    status: 503,
    title: 'Unhealthy',
    description:
      'The health check found that the server is not ready: it is starting or stopping, or its database is not ' +
      'reachable.',
    remedy: 'Wait, or check the log of the server and its database.',
  },
} as const
