/**
 * Seconds. Load balancers ask for health every few seconds, and need a moment to send requests elsewhere; a person at a
 * terminal does not want to wait.
 */
export function defaultStopDelay(isTerminal: boolean): number {
  return isTerminal ? 0 : 2
}
