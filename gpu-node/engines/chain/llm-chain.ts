// Several LLMs as one: a reply is written by the first that gives a word. One that breaks off in its middle ends the reply,
// since another would go on in other words. Made by choose-engines.ts.
import type { Llm } from '#gpu-node/engines/ports.ts'
import { firstAnswer } from './first-answer.ts'
import { Roster, wishedFirst, type ChainOptions, type Choice, type Members } from './roster.ts'

export function createLlmChain(members: Members<Llm>, options: ChainOptions): Llm {
  return chainOf(members, new Roster(options), options)
}

function chainOf(members: Members<Llm>, roster: Roster, options: ChainOptions): Llm {
  const { clock } = options
  const [first, ...others] = members
  const choices: [Choice<Llm>, ...Choice<Llm>[]] = [{ member: first }, ...others.map((member) => ({ member }))]
  return {
    engine: first.engine.engine,
    preferring: (wish) => {
      const wished = wishedFirst(members, wish)
      return wished && chainOf(wished, roster, options)
    },
    complete: (request) =>
      firstAnswer({
        roster,
        clock,
        stage: 'llm',
        choices,
        signal: request.signal,
        traceparent: request.traceparent,
        onFallback: request.onFallback,
        open: ({ member }: Choice<Llm>, signal) => member.engine.complete({ ...request, signal }),
      }),
    close: async () => {
      await Promise.all(members.map(({ engine }) => engine.close()))
    },
  }
}
