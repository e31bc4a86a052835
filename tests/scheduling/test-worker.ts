/** A thread whose jobs do what they say. */
import { parentPort, threadId } from 'node:worker_threads'

const jobs: Readonly<Record<string, () => unknown>> = {
  who: () => ({ result: threadId }),
  throw: () => ({ error: new Error('the job failed') }),
  exit: () => process.exit(3),
  // As an endless loop would, but without the processor.
  block: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  fill: () => {
    const kept: number[][] = []
    for (;;) kept.push(Array.from({ length: 100_000 }, Math.random))
  },
}

parentPort?.on('message', (job: string) => parentPort?.postMessage(jobs[job]?.()))
