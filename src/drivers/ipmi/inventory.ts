import { Fault } from '../../domain/fault.ts';
import type { InventoryDevice } from '../../domain/inventory.ts';
import { observedNow } from '../../domain/observed.ts';
import type { CallOptions, Inventory } from '../../ports/controller.ts';
import { fruPlacesIn, type FruPlace } from './fru-places.ts';
import { inventoryIn, unreadInventory } from './fru.ts';
import { fruReader } from './fru-reader.ts';
import type { Ipmi } from './link.ts';
import { sdrRepository } from './sdr-repository.ts';

/**
 * The inventory devices of a BMC, read anew each time: a power supply may have been exchanged since, and nothing tells
 * but its bytes. One after the other, since a BMC reads them from a slow bus.
 */
export const inventory = (ipmi: Ipmi): Inventory => {
  const reader = fruReader(ipmi);
  const repository = sdrRepository(ipmi);

  const deviceAt = async ({ id, name }: FruPlace, call: CallOptions): Promise<InventoryDevice> => {
    try {
      const { size, bytes } = await reader.read(id, call);
      return { id, name, bytes: size, ...inventoryIn(bytes, size) };
    } catch (error) {
      // One that is not there, as an empty slot's, does not hide the others; but a BMC without its own has none.
      if (!(error instanceof Fault) || !ofDevice.has(error.code)) throw error;
      if (id === 0 && error.code === 'controller-unsupported') throw error;
      return { id, name, bytes: null, ...unreadInventory(error.detail) };
    }
  };

  const places = async (call: CallOptions): Promise<readonly FruPlace[]> => {
    try {
      return fruPlacesIn(await repository.records(call));
    } catch (error) {
      // Without such records there are no others; records that could not be read might have told of some.
      if (error instanceof Fault && error.code === 'controller-unsupported') return fruPlacesIn([]);
      throw error;
    }
  };

  return {
    async read(call) {
      const devices: InventoryDevice[] = [];
      for (const place of await places(call)) devices.push(await deviceAt(place, call));
      return observedNow(devices);
    },
  };
};

const ofDevice: ReadonlySet<string> = new Set(['controller-refused', 'controller-garbled', 'controller-unsupported']);
