// Server reflection out of the generated descriptors, so that any gRPC tool can call the admin
// API with no .proto file at hand.

import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { file_ostraka_v1_admin } from "@ostraka/proto/gen/admin";
import { service as healthService } from "grpc-health-check";

/** Adds reflection (v1 and v1alpha) of the admin API and of health. */
export function addReflection(server: Server): void {
  const fileDescriptorProtos = withImports(file_ostraka_v1_admin).map((file) =>
    Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)),
  );
  // A definition's only part that reflection reads is its files.
  const admin = { format: "ostraka/v1", type: {}, fileDescriptorProtos };
  const health = Object.values(healthService)[0]?.requestType;
  const definition = { admin, health } as unknown as ConstructorParameters<
    typeof ReflectionService
  >[0];
  new ReflectionService(definition).addToServer(server);
}

/** A file after everything that it imports, each ONCE. */
function withImports(file: DescFile, seen = new Set<DescFile>()): DescFile[] {
  if (seen.has(file)) return [];
  seen.add(file);
  return [...file.dependencies.flatMap((imported) => withImports(imported, seen)), file];
}
