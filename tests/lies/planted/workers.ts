import type { Lie } from '../lie.ts'

/** Several processes as one server: their limits, their replacement and their metrics. */
export const lies: readonly Lie[] = [
  {
    title: 'the slots of a worker that ended stay taken',
    gate: 'workers',
    file: 'src/workers/limit-keeper.ts',
    from: 'for (const leaving of tickets.values()) leaving.abort()',
    to: 'tickets.clear()',
  },
  {
    title: 'a worker counts the requests of an account for itself',
    gate: 'workers',
    file: 'src/workers/shared-limits.ts',
    from: 'answer(results[index] ?? own.take(request))',
    to: 'answer(results[index] === undefined ? own.take(request) : own.take(request))',
  },
  {
    title: 'a request that is given up keeps its slot',
    gate: 'workers',
    file: 'src/workers/shared-limits.ts',
    from: '    leave()\n    throw busy(reasonToLeave())',
    to: '    throw busy(reasonToLeave())',
  },
  {
    title: 'a worker that ends again and again is started without a pause',
    gate: 'workers',
    file: 'src/workers/crew.ts',
    from: 'times.firstPause * 2 ** failures',
    to: 'times.firstPause',
  },
  {
    title: 'a reload ends a worker before its successor serves',
    gate: 'workers',
    file: 'src/workers/crew.ts',
    from: '    const { id, version } = await add()\n    serving.delete(old)',
    to: "    old.stop('hand-over')\n    const { id, version } = await add()\n    serving.delete(old)",
  },
  {
    title: 'totals fall when a worker is replaced',
    gate: 'workers',
    file: 'src/metrics/merge.ts',
    from: 'AggregatorRegistry.aggregate([before, counted])',
    to: 'AggregatorRegistry.aggregate([counted])',
  },
  {
    title: 'a database that one worker cannot reach is told as up',
    gate: 'workers',
    file: 'src/metrics/definitions.ts',
    from: "      help: '1 if the database answers within a second.',\n      aggregator: 'min',",
    to: "      help: '1 if the database answers within a second.',\n      aggregator: 'max',",
  },
  {
    title: 'metrics are told to everybody',
    gate: 'workers',
    file: 'src/metrics/listener.ts',
    from: 'if (token !== undefined && !isAuthorized(request, token))',
    to: 'if (token !== undefined && request.headers.authorization === undefined)',
  },
]
