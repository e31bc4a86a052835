/** Headers of every reply, which say nothing about its operation: tests/contract/rate-limits.test.ts has theirs. */
export const PLATFORM_HEADERS: ReadonlySet<string> = new Set(['X-Request-Id', 'RateLimit-Policy', 'RateLimit'])
