// GET …/turns/:turn/audio: the sound of a turn, where it is kept.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import { MEDIA_TYPE } from '#shared/audio/sniff-audio.ts'
import { notFound } from '#shared/fault.ts'
import { AUDIO_PARTS } from '#shared/model/turn-audio.ts'
import { findTurn } from './find-turn.ts'
import { giveBlob } from '#edge/http/plumbing/give-blob.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

const AudioQuery = v.object({
  part: v.optional(
    v.pipe(v.picklist(AUDIO_PARTS), v.description('utterance: what the caller said. reply: what was answered')),
    'utterance',
  ),
})
const FLAC = { mediaType: MEDIA_TYPE.flac }

export function turnAudioRoutes(ports: OperationPorts & Pick<EdgePorts, 'blobs'>) {
  const { store } = ports
  const listen = operation(ports, {
    summary: 'The sound of a turn, as FLAC; Range asks for a part',
    tag: 'history',
    needs: 'history:read',
    rate: 'read',
    query: AudioQuery,
    answers: { 200: FLAC, 206: FLAC },
    refuses: ['not_found'],
  })
  return new Hono<OperationEnv>().get('/conversations/:id/turns/:turn/audio', listen, async (c) => {
    const { part } = c.req.valid('query')
    const [, turnId] = await findTurn(store, c.get('caller'), c.req.param())
    const hash = (await store.audio.turnAudio(turnId))?.[part]
    if (hash === undefined) throw notFound('audio', turnId)
    return giveBlob(c, ports, hash, MEDIA_TYPE.flac)
  })
}
