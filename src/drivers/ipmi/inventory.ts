import { Fault } from '../../domain/fault.ts';
import type { InventoryDevice } from '../../domain/inventory.ts';
import { observedNow } from '../../domain/observed.ts';
import type { CallOptions, Inventory } from '../../ports/controller.ts';
import { inventoryIn, unreadInventory } from './fru.ts';
import { fruReader } from './fru-reader.ts';
import type { Ipmi } from './link.ts';

/** An inventory device, and how the BMC calls it. */
interface Place {
  readonly id: number;
  readonly name: string | null;
}

/**
 * The inventory devices of a BMC, read anew each time: a power supply may have been exchanged since, and nothing tells
 * but its bytes. One after the other, since a BMC reads them from a slow bus.
 */
export const inventory = (ipmi: Ipmi): Inventory => {
  const reader = fruReader(ipmi);

  const deviceAt = async ({ id, name }: Place, call: CallOptions): Promise<InventoryDevice> => {
    try {
      const { size, bytes } = await reader.read(id, call);
      return { id, name, bytes: size, ...inventoryIn(bytes, size) };
    } catch (error) {
      // One that is not there, as an empty slot's, does not hide the others.
      if (!(error instanceof Fault) || !ofDevice.has(error.code) || error.toldByController) throw error;
      return { id, name, bytes: null, ...unreadInventory(error.detail) };
    }
  };

  return {
    async read(call) {
      const devices: InventoryDevice[] = [];
      for (const place of [{ id: 0, name: null }]) devices.push(await deviceAt(place, call));
      return observedNow(devices);
    },
  };
};

const ofDevice: ReadonlySet<string> = new Set(['controller-refused', 'controller-garbled']);
