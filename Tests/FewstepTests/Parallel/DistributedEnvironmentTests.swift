import Fewstep
import Tensors
import Testing

@Suite struct DistributedEnvironmentTests {
  @Test func `torchrun, Slurm, mpirun and plain variables tell a process its place`() throws {
    let torchrun = try DistributedEnvironment([
      "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "node0",
      "MASTER_PORT": "1234", "TORCHELASTIC_USE_AGENT_STORE": "True",
    ])
    let place = try #require(torchrun)
    #expect(place.rank == 3 && place.count == 4 && place.localRank == 1 && place.localCount == 2)
    #expect(place.host == "node0" && place.port == 1234 && place.hasAgentStore && !place.isLocal)

    let slurm = ["SLURM_PROCID": "5", "SLURM_NTASKS": "16", "SLURM_LOCALID": "5", "SLURM_JOB_ID": "123456"]
    // Without srun there is no step, and these variables are the batch script's own.
    #expect(try DistributedEnvironment(slurm) == nil)
    let step = slurm.merging(["SLURM_STEP_ID": "0", "MASTER_ADDR": "10.0.0.1"]) { $1 }
    let srun = try #require(try DistributedEnvironment(step))
    #expect(srun.rank == 5 && srun.count == 16 && srun.localRank == 5 && srun.port == 29500 + 3456 && !srun.isLocal)
    #expect(try DistributedEnvironment(step.merging(["SLURM_STEP_NUM_TASKS": "1"]) { $1 }) == nil)
    let one = try DistributedEnvironment(
      slurm.merging(["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_NODES": "1"]) { $1 })
    #expect(one?.host == "127.0.0.1" && one?.isLocal == true)

    let mpirun = try DistributedEnvironment([
      "OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "0",
      "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
    ])
    #expect(mpirun?.rank == 0 && mpirun?.count == 2 && mpirun?.host == "127.0.0.1" && mpirun?.isLocal == true)
    let mpich = try DistributedEnvironment(["PMI_RANK": "1", "PMI_SIZE": "2", "MASTER_ADDR": "localhost"])
    #expect(mpich?.rank == 1 && mpich?.localRank == nil && mpich?.isLocal == true)
  }

  @Test func `One process is none of several`() throws {
    #expect(try DistributedEnvironment([:]) == nil)
    #expect(try DistributedEnvironment(["RANK": "0", "WORLD_SIZE": "1"]) == nil)
  }

  @Test(arguments: [
    (["WORLD_SIZE": "2"], "RANK"), (["RANK": "7"], "WORLD_SIZE"), (["RANK": "2", "WORLD_SIZE": "2"], "RANK"),
    (["RANK": "x", "WORLD_SIZE": "2"], "RANK"), (["RANK": "0", "WORLD_SIZE": "two"], "WORLD_SIZE"),
    (["RANK": "0", "WORLD_SIZE": "2"], "MASTER_ADDR"),
    (["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "99999"], "MASTER_PORT"),
    (["RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "2", "MASTER_ADDR": "a"], "LOCAL_RANK"),
  ])
  func `A variable that is missing or wrong is named`(_ variables: [String: String], _ name: String) throws {
    let failure = #expect(throws: Failure.self) { _ = try DistributedEnvironment(variables) }
    #expect(failure?.place == "the environment variable \(name)", "\(String(describing: failure))")
  }

  @Test func `A process takes the GPU of its local rank, and is told if there is none`() throws {
    func place(_ local: String) throws -> DistributedEnvironment {
      try #require(
        try DistributedEnvironment([
          "RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": local, "MASTER_ADDR": "a",
        ]))
    }
    #expect(try place("3").device(.cuda(0), named: "cuda", visible: 4) == .cuda(3))
    #expect(try place("3").device(.cuda(0), named: "cuda", visible: 1) == .cuda(0))
    #expect(try place("3").device(.cpu, named: "cpu", visible: 0) == .cpu)
    let none = #expect(throws: Failure.self) { try place("4").device(.cuda(0), named: "cuda", visible: 4) }
    #expect(none?.problem == "its local rank is 4, and this machine shows 4 GPUs")
    let shared = #expect(throws: Failure.self) { try place("1").device(.cuda(1), named: "cuda:1", visible: 4) }
    #expect(shared?.place == "device" && shared?.got == "cuda:1")
  }
}
