/** The whole workflow small, with what is in sight; press or drag to go there. One path, however many steps. */

import { useReactFlow, useStore } from '@xyflow/react';
import { type PointerEvent, useMemo } from 'react';
import type { Layout } from '../model/layout.ts';

const WIDTH = 150;
const HEIGHT = 130;
const MARGIN = 40;
/** Long workflows are not drawn thinner than that. */
const LEAST_SCALE = 0.012;

export function Miniature({ layout }: { layout: Layout }) {
  const flow = useReactFlow();
  const x = useStore((state) => state.transform[0]);
  const y = useStore((state) => state.transform[1]);
  const zoom = useStore((state) => state.transform[2]);
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const cards = useMemo(
    () => layout.steps.map((card) => `M${card.x} ${card.y}h${card.width}v${card.height}h-${card.width}z`).join(''),
    [layout],
  );
  const whole = { width: layout.width + 2 * MARGIN, height: layout.height + 2 * MARGIN };
  const seen = { x: -x / zoom, y: -y / zoom, width: width / zoom, height: height / zoom };
  const scale = Math.max(LEAST_SCALE, Math.min(WIDTH / whole.width, HEIGHT / whole.height));
  const room = { width: WIDTH / scale, height: HEIGHT / scale };
  // What does not fit is shown around what is in sight.
  const share = Math.min(1, Math.max(0, seen.y / Math.max(1, layout.height - seen.height)));
  const top = whole.height > room.height ? share * (whole.height - room.height) - MARGIN : (whole.height - room.height) / 2 - MARGIN;
  const left = (whole.width - room.width) / 2 - MARGIN;
  const go = (event: PointerEvent<SVGSVGElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const to = { x: left + (event.clientX - box.left) / scale, y: top + (event.clientY - box.top) / scale };
    void flow.setViewport({ x: width / 2 - to.x * zoom, y: height / 2 - to.y * zoom, zoom });
  };
  return (
    <svg
      className="dz-miniature dz-wide"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`${left} ${top} ${room.width} ${room.height}`}
      aria-hidden
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={(event) => event.buttons === 1 && go(event)}
    >
      <path d={cards} />
      <rect {...seen} strokeWidth={2 / scale} rx={3 / scale} />
    </svg>
  );
}
