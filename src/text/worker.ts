/** A thread for text jobs: replies to each message with its JobOutcome. */
import { parentPort } from 'node:worker_threads'
import type { JobOutcome } from '../scheduling/worker-pool.ts'
import { runTextJob, type TextJob } from './jobs.ts'

parentPort?.on('message', (job: TextJob) => {
  parentPort?.postMessage(outcomeOf(job))
})

function outcomeOf(job: TextJob): JobOutcome {
  try {
    return { result: runTextJob(job) }
  } catch (error) {
    return { error }
  }
}
