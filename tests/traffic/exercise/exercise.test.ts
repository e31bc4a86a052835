import { expect, test } from 'vitest'
import { exercise } from './exercise.ts'

test(
  'every operation is called with all its parameters, for the judges of the traffic',
  { timeout: 60_000 },
  async () => {
    const server = await exercise()
    expect(server.log.length).toBeGreaterThan(0)
    await server.stop()
  },
)
