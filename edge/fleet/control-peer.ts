// One node's control socket, as long as it counts. Used by fleet-room.ts. Knows no message but goaway.
import { invalidFault } from '#shared/fault.ts'
import type { RoomSocket } from '#edge/rooms-ports.ts'
import { RoomPeer } from '#edge/room-peer.ts'
import type { NodeId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { decode } from '#shared/protocol/decode.ts'
import { MAX_NODE_MESSAGE_BYTES, NODE_DEAD_AFTER_MS } from '#shared/protocol/limits.ts'
import { NodeControlMessage, type EdgeControlMessage } from '#shared/protocol/node-messages.ts'

export class ControlPeer extends RoomPeer {
  readonly nodeId: NodeId

  constructor(nodeId: NodeId, socket: RoomSocket, now: number) {
    super(socket, now, NODE_DEAD_AFTER_MS)
    this.nodeId = nodeId
  }

  tell(message: EdgeControlMessage): void {
    this.send(JSON.stringify(message))
  }

  goAway(retryAfterMs: number): void {
    this.tell({ type: 'goaway', retryAfterMs })
    this.close(CLOSE_RESUME, 'goaway')
  }
}

export function readControl(frame: Frame): ReturnType<typeof decode<NodeControlMessage>> {
  if (typeof frame === 'string') return decode(NodeControlMessage, frame, MAX_NODE_MESSAGE_BYTES)
  return { ok: false, fault: invalidFault('audio on the control socket') }
}
