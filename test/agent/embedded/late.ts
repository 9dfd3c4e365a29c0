import { Access, type Verdict } from "../../../agent/embedded/access.ts";

/** Lets in, and does something so many turns of the promise queue later. */
export class Late extends Access {
  turns = 0;
  act = () => {};

  override async lets(): Promise<Verdict> {
    void this.#wait(this.turns);
    return "yes";
  }

  async #wait(turns: number): Promise<void> {
    for (let turn = 0; turn < turns; turn++) await undefined;
    this.act();
  }
}
